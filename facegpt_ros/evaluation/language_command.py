"""`facegpt evaluate` of a network that talks: faces from words, answers about faces, and general text."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import islice

from facegpt_ros.errors import ConfigError, WeightsError
from facegpt_ros.evaluation.blind import BlindReader, blind_scores, known_faces, learn_scales
from facegpt_ros.evaluation.chat_scores import (
    CHAT_SEEDS,
    QUESTIONS_A_SCENE,
    cases,
    chat_scores,
    estimated_sight,
    faces_found,
    true_sight,
)
from facegpt_ros.evaluation.estimate_command import judging_pipeline, open_pipeline
from facegpt_ros.evaluation.face_token_scores import TOKEN_SEEDS, asked_prompts, face_token_scores
from facegpt_ros.evaluation.general_scores import general_scores
from facegpt_ros.evaluation.open_speaker import open_speaker
from facegpt_ros.evaluation.report import tell
from facegpt_ros.evaluation.scenes import scenes
from facegpt_ros.evaluation.sheet import save_sheet
from facegpt_ros.evaluation.speaker import Speaker
from facegpt_ros.evaluation.text_scores import Generated, attribute_scores, generate_faces
from facegpt_ros.evaluation.text_sheet import text_tiles
from facegpt_ros.morphable.model import MorphableModel

_TEXTS = _PROMPTS = 500
_QUESTIONS = 400
_BLIND_TEXTS = 200
_KNOWN_FACES = 4  # of each attribute's words
_PICTURES = 40
_COLUMNS = 6


def run_language(args: argparse.Namespace) -> int:
    """Scores one of the sets text, chat and general; returns the exit status."""
    model = MorphableModel.load()
    what, _, split = args.set.partition("-")
    score = {"text": _text, "chat": _chat, "general": _general}[what]
    speaker = open_speaker(args.checkpoint, model, args.vision, args.language, args.vlm)
    try:
        figures = score(speaker, model, args, split or "test")
        named = {"set": args.set, "model": speaker.model_id, "morphable_model": model.model_id}
    finally:
        speaker.close()
    tell({**named, **figures}, args.json)
    return 0


def _text(speaker: Speaker, model: MorphableModel, args: argparse.Namespace, split: str) -> dict:
    show, count = _progress(args.set), args.count or _TEXTS
    faces = generate_faces(speaker, model, count, split, show)
    attributes = attribute_scores(model, faces)
    wanted = min(args.count or _PICTURES, _PICTURES)
    drawn = scenes(model, split, 2 * wanted + 20, TOKEN_SEEDS[split])
    pictures = list(islice((one for one in drawn if one.faces), wanted))
    tokens = {}
    for name, asks in (("asked", True), ("unasked", False)):
        show(f"prompts: {name}")
        asked = asked_prompts(model, pictures, speaker.crop_size, args.count or _PROMPTS, split, asks)
        tokens[name] = face_token_scores(speaker, asked)
    blind, reason = _blind(model, faces[:_BLIND_TEXTS], args.count, show)
    if args.sheet:
        save_sheet(args.sheet, text_tiles(model, faces, min(args.tiles, 24)), 24, _COLUMNS)
    return {
        "text_attributes": attributes["share"],
        "text_attributes_blind": blind["ratio"] if blind else None,
        "face_token_asked": tokens["asked"]["share"],
        "face_token_unasked": tokens["unasked"]["share"],
        "attributes": attributes,
        "blind": blind,
        **({"blind_skipped": reason} if reason else {}),
        "face_token": tokens,
    }


def _blind(
    model: MorphableModel, faces: Sequence[Generated], count: int | None, show: Callable[[str], None]
) -> tuple[dict | None, str]:
    """The verdict of the CNN, which knows no words; None and why, where it cannot be had."""
    try:
        pipeline = judging_pipeline("cnn")
    except WeightsError as error:
        return None, str(error)
    try:
        reader = BlindReader(pipeline, model)
        scales = learn_scales(reader, known_faces(model, min(count or _KNOWN_FACES, _KNOWN_FACES)), show)
        return blind_scores(reader, scales, faces, show), ""
    finally:
        pipeline.close()


def _chat(speaker: Speaker, model: MorphableModel, args: argparse.Namespace, split: str) -> dict:
    show, count = _progress(args.set), args.count or _QUESTIONS
    pictures = list(scenes(model, split, -(-count // QUESTIONS_A_SCENE), CHAT_SEEDS[split]))
    asked = cases(model, pictures, count, max(count // 3, 1), split)
    of_truth = chat_scores(speaker, asked, true_sight(model), show)
    of_estimate, reason, found = None, "", None
    try:
        pipeline = open_pipeline(args)
    except WeightsError as error:
        reason = str(error)
    else:
        try:
            see = estimated_sight(pipeline)
            found = faces_found(see, pictures)
            of_estimate = chat_scores(speaker, asked, see, show) | {"estimator": pipeline.model_id}
        finally:
            pipeline.close()
    return {
        "chat_correct": of_truth["correct_safeguarded"],
        "chat_correct_own_words": of_truth["correct"],
        "chat_correct_estimated": of_estimate["correct_safeguarded"] if of_estimate else None,
        "chat_correct_estimated_own_words": of_estimate["correct"] if of_estimate else None,
        "declined": of_truth["declined_safeguarded"],
        "declined_own_words": of_truth["declined"],
        "declined_needlessly": of_truth["declined_needlessly_safeguarded"],
        "faces_found": found,
        "facts_of_truth": of_truth,
        "facts_of_estimate": of_estimate,
        **({"estimate_skipped": reason} if reason else {}),
    }


def _general(speaker: Speaker, model: MorphableModel, args: argparse.Namespace, split: str) -> dict:
    from facegpt_ros.evaluation.base_language import base_reader

    if args.vlm:
        raise ConfigError("general holds words against SmolLM2's; a larger model's are its own, so leave --vlm out")
    return general_scores(speaker.read, base_reader(args.language), args.data / "audio", _progress(args.set))


def _progress(name: str) -> Callable[[str], None]:
    return lambda text: print(f"\r{name} {text:<40}", end="", file=sys.stderr, flush=True)
