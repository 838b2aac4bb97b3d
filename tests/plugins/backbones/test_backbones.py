import subprocess
import sys

from erc_bench.contracts.options import specs
from erc_bench.plugin_host.catalogue import Catalogue

NAMES = {"deberta", "huggingface", "minilm", "promcse", "simcse"}


def test_all_are_installed_and_described():
    entries = Catalogue().entries("backbone")
    assert set(entries) >= NAMES
    for name in NAMES:
        component = entries[name].component
        assert component.summary()
        assert component.source
        assert {"path", "revision"} <= set(specs(component.Options))


def test_listing_them_imports_neither_torch_nor_transformers():
    program = (
        "import sys; from erc_bench.plugin_host.catalogue import Catalogue; Catalogue().entries('backbone');"
        "sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
