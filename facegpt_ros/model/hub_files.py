"""A vision-language model of the Hugging Face hub, from its files: safetensors and JSON, never code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import torch

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.prompts import HUB_TURNS

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
_FILES = ["*.safetensors", "*.safetensors.index.json", "*config.json", "tokenizer.json"]


def hub_folder(name: str) -> Path:
    """The folder of a model: a local one, or the hub's, which is downloaded where it is not in the cache.

    Args:
        name: folder, or "owner/model", or "owner/model@revision".

    Raises:
        WeightsError: it is neither, or it cannot be downloaded.
    """
    path = Path(name).expanduser()
    if name.strip() and path.is_dir():
        return path
    if not _HUB_ID.fullmatch(name):
        raise WeightsError(f"'{name}' is neither a folder nor a hub id; give either, such as owner/model")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise _missing("huggingface_hub") from error
    repository, _, revision = name.partition("@")
    try:
        return Path(snapshot_download(repository, revision=revision or None, allow_patterns=_FILES))
    except Exception as error:  # of the hub, of HTTP and of the disk: they share no base
        why = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WeightsError(
            f"{name}: no such folder here, and it cannot be had from the hub ({why}); go online, log in with "
            "`hf auth login` where it asks for that, or copy the model here and give its folder"
        ) from error


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """A JSON file of a model.

    Raises:
        WeightsError: it is missing, or holds no object.
    """
    try:
        value = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WeightsError(
            f"{folder / name} is missing; give the folder of a whole model, as save_pretrained writes it"
        ) from error
    except (OSError, ValueError) as error:
        raise WeightsError(f"{folder / name} cannot be read ({error}); download it again") from error
    if not isinstance(value, dict):
        raise WeightsError(f"{folder / name} holds {type(value).__name__}, not an object; download it again")
    return value


def model_type(folder: Path) -> str:
    """Of its config.json.

    Raises:
        WeightsError: it is none of HUB_TURNS.
    """
    found = read_json(folder, "config.json").get("model_type")
    if found not in HUB_TURNS:
        raise WeightsError(
            f"{folder}: model_type is '{found}'; known are {', '.join(HUB_TURNS)}: use one of these, "
            "or say in model/prompts.py how this one marks its turns"
        )
    return str(found)


def load_hub_model(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    """The transformers model of a folder, frozen and ready to infer.

    Args:
        dtype: of its weights.

    Raises:
        WeightsError: transformers is missing, the folder holds no safetensors, or they do not fit its config.json.
    """
    model_type(folder)
    if not any(folder.glob("*.safetensors")):
        raise WeightsError(f"{folder} holds no safetensors, and nothing else is read; save the model as safetensors")
    try:
        from transformers import AutoModelForImageTextToText
        from transformers.utils import logging
    except ImportError as error:
        raise _missing("transformers") from error
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model, told = AutoModelForImageTextToText.from_pretrained(
            folder,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except Exception as error:  # a broken file can raise anything there
        raise WeightsError(f"{folder} holds no such model ({error}); download it again") from error
    finally:
        if shown:
            logging.enable_progress_bar()
    missing = sorted(told["missing_keys"])
    if missing or told["mismatched_keys"]:
        odd = missing or sorted(str(key) for key in told["mismatched_keys"])
        raise WeightsError(f"{folder}: its weights lack {odd[:3]}; download it again")
    return model.eval().requires_grad_(False)


def _missing(package: str) -> WeightsError:
    return WeightsError(f"{package} cannot be imported; larger models need `pip install 'transformers>=5'`")
