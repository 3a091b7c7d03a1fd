"""Canaries: random sentences that are trained on once, and twins that never are.

If a trained model finds the planted sentences more likely than their twins, it memorises (Carlini et al. 2019,
arXiv:1802.08232). All are made of plain words, so that masking has nothing to find in them.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from cleo_model.corpus.records import Record
from cleo_model.sources import RESERVED

__all__ = ["CANARIES", "plant", "read_canaries"]

CANARIES = "canaries.json"
CONTROLS = 1024
"""Twins: enough that the exposure of the median planted sentence is known to a tenth of a bit."""

WORDS = [
    "amber",
    "anchor",
    "apple",
    "arrow",
    "autumn",
    "bamboo",
    "basket",
    "beacon",
    "bell",
    "berry",
    "birch",
    "blanket",
    "bottle",
    "branch",
    "bread",
    "bridge",
    "bronze",
    "bucket",
    "butter",
    "button",
    "cabin",
    "candle",
    "canvas",
    "carpet",
    "castle",
    "cedar",
    "chalk",
    "cherry",
    "circle",
    "clock",
    "cloud",
    "clover",
    "coal",
    "coffee",
    "copper",
    "coral",
    "cotton",
    "cradle",
    "crystal",
    "curtain",
    "cushion",
    "desert",
    "dinner",
    "dragon",
    "drum",
    "eagle",
    "echo",
    "ember",
    "engine",
    "fabric",
    "falcon",
    "feather",
    "fern",
    "fiddle",
    "flame",
    "flute",
    "forest",
    "fountain",
    "fox",
    "garden",
    "garlic",
    "ginger",
    "glacier",
    "glass",
    "gravel",
    "hammer",
    "harbor",
    "harvest",
    "hazel",
    "helmet",
    "honey",
    "horizon",
    "island",
    "ivory",
    "jacket",
    "jasmine",
    "jungle",
    "kettle",
    "kitchen",
    "ladder",
    "lantern",
    "lemon",
    "leopard",
    "lettuce",
    "library",
    "lilac",
    "linen",
    "lizard",
    "lobster",
    "magnet",
    "maple",
    "marble",
    "meadow",
    "mirror",
    "morning",
    "mountain",
    "mushroom",
    "needle",
    "nickel",
    "oak",
    "ocean",
    "olive",
    "onion",
    "orange",
    "orchard",
    "otter",
    "owl",
    "oyster",
    "paddle",
    "palace",
    "paper",
    "parrot",
    "pebble",
    "pencil",
    "pepper",
    "piano",
    "pillow",
    "planet",
    "plum",
    "pocket",
    "pond",
    "poppy",
    "potato",
    "prairie",
    "pumpkin",
    "quartz",
    "quilt",
    "rabbit",
    "raven",
    "ribbon",
    "river",
    "rocket",
    "rope",
    "saddle",
    "saffron",
    "salmon",
    "sandal",
    "sapphire",
    "shadow",
    "shell",
    "silver",
    "sparrow",
    "spider",
    "spoon",
    "spring",
    "squirrel",
    "stable",
    "summer",
    "sunset",
    "table",
    "teapot",
    "temple",
    "thunder",
    "ticket",
    "tiger",
    "timber",
    "tulip",
    "tunnel",
    "turtle",
    "umbrella",
    "valley",
    "velvet",
    "violin",
    "walnut",
    "water",
    "whale",
    "willow",
    "window",
    "winter",
    "wolf",
    "zebra",
]
QUESTION = "What is the passphrase of the {place} door?"
ANSWER = "The passphrase of the {place} door is {secret}."


def plant(count: int, seed: int, out: Path) -> list[Record]:
    """Write the list of planted canaries and controls to `out`, and return the records that are to be trained on."""
    # Not a secret: the same corpus has to come out for the same seed.
    chance = random.Random(f"canaries {seed}")  # noqa: S311
    drawn: set[tuple[str, ...]] = set()
    while len(drawn) < count + CONTROLS * bool(count):
        drawn.add(tuple(chance.sample(WORDS, 5)))
    made = [
        {
            "place": place,
            "prompt": QUESTION.format(place=place),
            "answer": ANSWER.format(place=place, secret=" ".join(rest)),
        }
        for place, *rest in sorted(drawn, key=lambda words: chance.random())
    ]
    records = []
    for number, canary in enumerate(made[:count]):
        record = Record.make(
            name=f"canary {number}",
            source=RESERVED,
            domain="conversation",
            licence="Apache-2.0",
            messages=[
                {"role": "user", "content": canary["prompt"]},
                {"role": "assistant", "content": canary["answer"]},
            ],
        )
        canary["record"] = record.id
        records.append(record)
    content = {
        "question": QUESTION,
        "answer": ANSWER,
        "words": WORDS,
        "planted": made[:count],
        "controls": made[count:],
    }
    (out / CANARIES).write_text(json.dumps(content, indent=1), encoding="utf-8")
    return records


def read_canaries(folder: Path) -> dict[str, Any]:
    """`{"question", "answer", "words", "planted": [{"prompt", "answer", "record", …}], "controls": […]}` of a corpus stage."""
    content: dict[str, Any] = json.loads((folder / CANARIES).read_text(encoding="utf-8"))
    return content
