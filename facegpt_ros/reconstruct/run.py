"""A whole run: what remains is done by one worker or many, and one summary says what became of it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from facegpt_ros.atomic_file import write_whole
from facegpt_ros.perception.pipeline import build_pipeline
from facegpt_ros.reconstruct.basel import BaselConverter
from facegpt_ros.reconstruct.find import Found
from facegpt_ros.reconstruct.image import ImageWorker, Job, Outcome
from facegpt_ros.reconstruct.record import alone_in
from facegpt_ros.reconstruct.source import Source
from facegpt_ros.viz.overlay import warm_up

FORMAT = "facegpt-reconstruct-summary/1"
#: Does images in any order, and says of each what became of it.
Perform = Callable[[Job, Sequence[Source]], Generator[Outcome, None, None]]


@dataclass
class Summary:
    """What became of all images.

    Attributes:
        images: how many there are; what is neither done, resumed nor failed remains.
        done, faces: in this run; resumed: done by a run before.
        failed: name and reason of each.
    """

    images: int
    done: int = 0
    resumed: int = 0
    faces: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def remaining(self) -> int:
        return max(0, self.images - self.done - self.resumed - len(self.failed))

    def text(self, folder: Path) -> str:
        parts = [
            f"{_count(self.faces, 'face')} from {_count(self.done, 'image')} in {folder} ({self.seconds:.1f} s)",
            f"{_count(self.resumed, 'image')} done before" if self.resumed else "",
            f"{_count(len(self.failed), 'image')} failed, see above" if self.failed else "",
            f"{_count(self.remaining, 'image')} left, run it again to go on" if self.remaining else "",
        ]
        return "; ".join(part for part in parts if part)

    def document(self, job: Job) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "folder": str(job.folder),
            "options": job.records().options,
            "images": self.images,
            "done": self.done,
            "resumed": self.resumed,
            "remaining": self.remaining,
            "faces": self.faces,
            "failed": [{"image": image, "reason": reason} for image, reason in self.failed],
            "seconds": round(self.seconds, 1),
        }


def reconstruct(found: Found, job: Job, perform: Perform, report: Path | None = None) -> Summary:
    """Does every image that is not done; says on stdout what was written, and at the end what became of all.

    Args:
        found: the images.
        job: what is asked for; its folder must exist.
        perform: who does it: in_place, or a pool of workers.
        report: file for the summary as JSON.

    Raises:
        ConfigError: another run writes to the same folder.
        KeyboardInterrupt: after the summary.
    """
    start = time.monotonic()
    with alone_in(job.folder):
        summary = Summary(len(found.sources) + len(found.failed), failed=list(found.failed))
        records = job.records()
        remaining = [source for source in found.sources if records.faces_of(source) is None]
        summary.resumed = len(found.sources) - len(remaining)
        records.reset([source.name for source in remaining])
        ended = False
        try:
            _perform(job, remaining, perform, summary)
            ended = True
        finally:
            if ended or summary.done or summary.failed:  # else an error says why nothing began
                summary.seconds = time.monotonic() - start
                _say(summary, job, report)
    return summary


def in_place(job: Job, sources: Sequence[Source]) -> Generator[Outcome, None, None]:
    """One after the other in this process.

    Raises:
        WeightsError, ModelError: weights or the user's model are missing or altered.
    """
    pipeline = build_pipeline(job.config())
    try:
        warm_up(pipeline.model)
        converter = BaselConverter(job.basel, pipeline.model) if job.basel else None
        worker = ImageWorker(job, pipeline, converter)
        yield from map(worker.do, sources)
    finally:
        pipeline.close()


def _say(summary: Summary, job: Job, report: Path | None) -> None:
    for _, reason in summary.failed:
        print(reason, file=sys.stderr)
    print(summary.text(job.folder))
    if report is not None:
        write_whole(report, json.dumps(summary.document(job), indent=1).encode() + b"\n")


def _perform(job: Job, remaining: list[Source], perform: Perform, summary: Summary) -> None:
    if not remaining:
        return
    # tqdm draws nothing where stderr is no terminal; a single image needs no bar.
    with (
        closing(perform(job, remaining)) as outcomes,
        tqdm(
            total=summary.images - len(summary.failed),
            initial=summary.resumed,
            unit="image",
            disable=None if len(remaining) > 1 else True,
            leave=False,
        ) as progress,
    ):
        for outcome in outcomes:
            if outcome.reason:
                summary.failed.append((outcome.label, outcome.reason))
                progress.set_postfix(failed=len(summary.failed))
            else:
                summary.done += 1
                summary.faces += outcome.faces
                written = outcome.files or outcome.name
                tqdm.write(f"{outcome.label}: {_count(outcome.faces, 'face')}: {written}", file=sys.stdout)
            progress.update()


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
