"""Vectors of words in the place of a language model: a file of GloVe's or word2vec's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import erc_bench.api as erc

_LONGEST = 512
_REMEDY = (
    "Name a file in the plain text form of GloVe, a word and its numbers on each line: --set backbone.path=FILE. "
    "GloVe's are at https://nlp.stanford.edu/projects/glove."
)


class WordVectors(erc.Backbone):
    """One vector for each word of a file, whatever stands around it.

    The vocabulary is that of the file. Texts are lower-cased and cut at spaces and punctuation; all words that the file
    lacks share a vector of their own, the mean of the others before it trains.
    """

    name = "word-vectors"
    source = "Pennington et al. 2014, GloVe, https://aclanthology.org/D14-1162; any file of its form"
    reading = "mean"

    @dataclass(frozen=True)
    class Options:
        """Where the vectors are."""

        path: str | None = erc.option(
            None,
            "Text file of GloVe's or word2vec's form: a word and its numbers on each line.",
        )

    def load(self) -> erc.LoadedBackbone:
        """Read the file. Raises :class:`ErcBenchError` naming the line that is no word with its numbers."""
        from erc_bench_plugins.backbones.word_vectors.model import of_words
        from erc_bench_plugins.backbones.word_vectors.vector_file import read_vectors

        return self._loaded(*of_words(*read_vectors(self._file()), _LONGEST))

    def load_saved(self, folder: Path) -> erc.LoadedBackbone:
        """Read what a saved model holds of the words; the vectors come from its weights."""
        from erc_bench_plugins.backbones.word_vectors.model import of_folder

        return self._loaded(*of_folder(folder))

    def identity(self) -> str:
        """Return a digest of the file."""
        with self._file().open("rb") as stream:
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"

    def _file(self) -> Path:
        path = self.options.path
        if not path:
            raise erc.ErcBenchError(f"backbone {self.name!r} needs a file of word vectors", _REMEDY)
        file = Path(path).expanduser()
        if not file.is_file():
            raise erc.ErcBenchError(f"backbone {self.name!r}: there is no file {str(file)!r}", _REMEDY)
        return file

    def _loaded(self, tokenizer: Any, model: Any) -> erc.LoadedBackbone:
        return erc.LoadedBackbone(tokenizer, model, _LONGEST, reading=self.reading)


@erc.hookimpl
def erc_backbones() -> list[type[erc.Backbone]]:
    return [WordVectors]
