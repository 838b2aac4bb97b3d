"""What tests of conversations share: a file of some content, read."""

import pytest

from erc_bench.corpora.conversations.fields import USUAL
from erc_bench.corpora.conversations.forms.reading import read_document


@pytest.fixture
def read(tmp_path):
    """Write content to a file of a name and read it."""

    def read(name, content, columns=USUAL, form=None):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_document(file, form, columns)

    return read


@pytest.fixture
def turns():
    """Return speakers and texts of a document, conversation by conversation."""

    def turns(document):
        return [[(turn.speaker, turn.text) for turn in each.turns] for each in document.conversations]

    return turns
