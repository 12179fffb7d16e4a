"""Plants faults in a dataset, so many of each kind as a seed says, and remembers where."""

from __future__ import annotations

import csv
import io
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from _sentences import SENTENCES

LEAST, MOST = 0.002, 0.03
"""The share of rows that each kind of fault gets lies between them."""
SPLITS = ("train", "dev", "test")
WRONG = ("cp1252", "latin-1", "mac-roman")
FOREIGN = ("café", "naïve", "don’t", "“so”", "—", "😀", "señor", "Zürich", "£5", "crème brûlée")


@dataclass
class Row:
    """A text with its labels."""

    id: str
    split: str
    text: str
    on: set[int]
    encoding: str = "utf-8"
    planted: bool = False


@dataclass
class Planted:
    """A dataset with faults."""

    labels: list[str]
    rows: list[Row]
    truth: dict[str, set[str]] = field(default_factory=dict)
    """By kind: the ids of the rows that are at fault."""
    pairs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By kind: copies and what they are copies of."""

    def write(self, folder: Path) -> dict[str, Path]:
        """Write a CSV file a split; note the lines of rows that can't be read, in `truth`."""
        files = {}
        unread: set[str] = set()
        for split in SPLITS:
            buffer, line = io.BytesIO(), 2
            buffer.write(f"id,text,{','.join(self.labels)}\n".encode())
            for row in (row for row in self.rows if row.split == split):
                cells = io.StringIO()
                values = [str(int(c in row.on)) for c in range(len(self.labels))]
                csv.writer(cells, lineterminator="\n").writerow([row.id, row.text, *values])
                content = cells.getvalue().encode(row.encoding)
                buffer.write(content)
                if row.encoding != "utf-8":
                    unread.add(f"{split} line {line}")
                line += content.count(b"\n")
            files[split] = folder / f"{split}.csv"
            files[split].write_bytes(buffer.getvalue())
        self.truth["encodings: bytes that are no UTF-8"] = unread
        return files


class Planter:
    """Plants one kind of fault after the other, each in rows that have none."""

    def __init__(self, labels: list[str], rows: list[Row], seed: int) -> None:
        """Take the rows, all of them sound."""
        self.rng = np.random.default_rng(seed)
        self.made = Planted(labels, rows)
        self.free = [row for row in rows if len(row.text) > 60]  # noqa: PLR2004 - room for a fault
        self.rng.shuffle(self.free)
        self.labels = len(labels)

    def take(self) -> list[Row]:
        """Return as many sound rows as the seed says."""
        share = self.rng.uniform(LEAST, MOST)
        count = max(10, round(share * len(self.made.rows)))
        taken, self.free = self.free[:count], self.free[count:]
        for row in taken:
            row.planted = True
        return taken

    def change(self, kind: str, change: Callable[[str], str]) -> None:
        """Plant a fault in the texts of some rows."""
        rows = self.take()
        for row in rows:
            row.text = change(row.text)
        self.made.truth.setdefault(kind, set()).update(row.id for row in rows)

    def copy(
        self, kind: str, change: Callable[[str], str], split: str, *, flip: bool = False
    ) -> list[tuple[str, str]]:
        """Add changed copies of some rows of train."""
        pairs = []
        for row in [row for row in self.take() if row.split == "train"]:
            on = row.on ^ ({int(self.rng.integers(self.labels))} if flip else set())
            new = Row(f"c{len(self.made.rows)}", split, change(row.text), on, planted=True)
            self.made.rows.append(new)
            pairs.append((new.id, row.id))
        self.made.pairs.setdefault(kind, []).extend(pairs)
        self.made.truth.setdefault(kind, set()).update(x for pair in pairs for x in pair)
        return pairs

    def inside(self, text: str, what: str) -> str:
        """Return a text with something put between two of its words."""
        words = text.split()
        place = int(self.rng.integers(1, len(words)))
        return " ".join([*words[:place], what, *words[place:]])

    def mojibake(self, text: str) -> str:
        """Return a text with something that isn't ASCII, read in the wrong encoding."""
        text = self.inside(text, str(self.rng.choice(FOREIGN)))
        wrong = str(self.rng.choice(WRONG))
        raw = text.encode()
        try:
            return raw.decode(wrong)
        except UnicodeDecodeError:
            return raw.decode("latin-1")

    def near_empty(self) -> str:
        """Return a text that says nothing."""
        marks = "".join(self.rng.choice(list("!?.,-*~ "), 12))
        code = "".join(self.rng.choice(list(string.ascii_letters), 10))
        return str(self.rng.choice([f"!{marks}", f"ok{marks}", f"https://t.co/{code}"]))

    def near(self, text: str) -> str:
        """Return nearly the same text: a typo or two, a word more or less, another link."""
        words = text.split()
        place = int(self.rng.integers(len(words)))
        letter = str(self.rng.choice(list(string.ascii_lowercase)))
        way = int(self.rng.integers(6))
        if way == 0:
            return " ".join([*words[:place], *words[place + 1 :]])
        if way == 1:
            return self.inside(text, str(self.rng.choice(["really", "just", "so", "today"])))
        if way == 2:  # noqa: PLR2004
            return f"{text} https://t.co/{''.join(self.rng.choice(list('abcdefgh'), 8))}"
        if way == 3:  # noqa: PLR2004
            return f"RT: {text.upper()} !!!"
        for _ in range(way - 3):
            spot = int(self.rng.integers(len(text)))
            text = text[:spot] + letter + text[spot + 1 :]
        return text

    def other_language(self) -> str:
        """Return one or two sentences of a language that isn't English."""
        own = SENTENCES[str(self.rng.choice(list(SENTENCES)))]
        count = int(self.rng.integers(1, 3))
        chosen = self.rng.permutation(len(own))[:count]
        tail = "".join(self.rng.choice(list(string.digits), 6))  # no two are the same
        return f"{'. '.join(own[n] for n in chosen)} {tail}"

    def email(self, text: str) -> str:
        """Return a text with an e-mail address."""
        name = "".join(self.rng.choice(list(string.ascii_lowercase), 7))
        host = str(self.rng.choice(["example.com", "mail.example.org", "firma.example.de"]))
        return self.inside(text, f"{name}.{name[:3]}@{host}")

    def phone(self, text: str) -> str:
        """Return a text with a telephone number, in one of seven ways to write it."""
        d = "".join(self.rng.choice(list(string.digits[2:]), 12))
        ways = (
            f"+49 {d[:3]} {d[3:10]}", f"+1-{d[:3]}-{d[3:6]}-{d[6:10]}",
            f"({d[:3]}) {d[3:6]}-{d[6:10]}", f"{d[:3]}.{d[3:6]}.{d[6:10]}", f"0{d[:3]} {d[3:10]}",
            f"0{d[:2]} {d[2:6]} {d[6:10]}", d[:10],
        )  # fmt: skip
        return self.inside(text, str(self.rng.choice(ways)))

    def address(self, text: str) -> str:
        """Return a text with an IP address."""
        v4 = ".".join(map(str, self.rng.integers(1, 255, 4)))
        v6 = f"2001:db8:{self.rng.integers(1, 9999)}::{self.rng.integers(1, 9999)}"
        return self.inside(text, str(self.rng.choice([v4, v4, v6])))

    def iban(self, text: str) -> str:
        """Return a text with an IBAN of four countries, in groups or not."""
        country, letters, digits = [("DE", 0, 18), ("NL", 4, 10), ("GB", 4, 14), ("ES", 0, 20)][
            int(self.rng.integers(4))
        ]
        body = "".join(self.rng.choice(list(string.ascii_uppercase), letters))
        body += "".join(self.rng.choice(list(string.digits), digits))
        number = int("".join(str(int(c, 36)) for c in f"{body}{country}00"))
        code = f"{country}{98 - number % 97:02}{body}"
        if self.rng.random() < 0.5:  # noqa: PLR2004
            code = " ".join(code[n : n + 4] for n in range(0, len(code), 4))
        return self.inside(text, code)

    def handle(self, text: str) -> str:
        """Return a text with an account's name."""
        name = "".join(self.rng.choice(list(string.ascii_lowercase + string.digits + "_"), 9))
        return self.inside(text, f"@{name}")

    def decoy(self, text: str) -> str:
        """Return a text with what only looks like personal data, or like another fault."""
        n = self.rng.integers(1, 9, 8)
        whole = (
            f"version {n[0]}.{n[1]}.{n[2]}", f"20{n[0]}{n[1]}-0{n[2]}-1{n[3]}", f"@ {n[0]} pm",
            f"{n[0]},{n[1]}{n[2]}{n[3]},{n[4]}{n[5]}{n[6]} people", f"DE{''.join(map(str, n))}",
            f"10{n[0]}.{n[1]} FM", f"1{n[0]}:{n[1]}0-1{n[2]}:{n[3]}0",
            f"£{n[0]}{n[1]}.{n[2]}{n[3]}", f"{n[0]}{n[1]}{n[2]}.{n[3]}", "Ålesund", "GRÂCE",
            "São Paulo", "e-mail me",
        )  # fmt: skip
        return self.inside(text, str(self.rng.choice(whole)))


def plant(labels: list[str], rows: list[Row], seed: int, long: Callable[[], str]) -> Planted:
    """Plant every kind of fault in sound rows.

    Args:
        labels: the labels' names; two more are added, that few rows carry.
        rows: the dataset, all three splits.
        seed: of what is planted, where, and how often.
        long: returns a text of more words than any encoder takes.

    """
    planter = Planter(labels, rows, seed)
    planter.change("encodings: mojibake", planter.mojibake)
    planter.change("encodings: replacement characters", lambda t: planter.inside(t, "caf\ufffd"))
    for row in planter.take():
        text = row.text.encode("latin-1", "ignore").decode("latin-1")
        row.text, row.encoding = planter.inside(text, "crème"), "latin-1"
    planter.change("empty_texts: empty", lambda _: " " * int(planter.rng.integers(3)))
    planter.change("empty_texts: near-empty", lambda _: planter.near_empty())
    planter.copy("duplicates: inside a split", lambda t: f" {t.title()}  ", "train")
    planter.copy("duplicates: across splits", str, "dev")
    for pair in planter.copy("contradictions: labels differ", str, "train", flip=True):
        planter.made.truth["duplicates: inside a split"].update(pair)
    planter.copy("near_duplicates: inside a split", planter.near, "train")
    planter.copy("near_duplicates: across splits", planter.near, "test")
    planter.change("lengths: more than 512 words", lambda _: long())
    planter.change("languages", lambda _: planter.other_language())
    planter.change("personal_data: e-mail", planter.email)
    planter.change("personal_data: phone number", planter.phone)
    planter.change("personal_data: IP address", planter.address)
    planter.change("personal_data: IBAN", planter.iban)
    planter.change("personal_data: @handle", planter.handle)
    for row in planter.take():
        row.text = planter.decoy(row.text)
    _unseen_sets(planter)
    _rare_labels(planter)
    return planter.made


def _unseen_sets(planter: Planter) -> None:
    """Give rows of dev and test labels that stand together nowhere in train."""
    known = {frozenset(row.on) for row in planter.made.rows if row.split == "train"}
    rows = [row for row in planter.take() if row.split != "train"]
    for row in rows:
        while frozenset(row.on) in known:
            size = int(planter.rng.integers(3, min(7, planter.labels)))
            row.on = set(planter.rng.permutation(planter.labels)[:size].tolist())
    planter.made.truth["unseen_label_sets: not in train"] = {row.id for row in rows}


def _rare_labels(planter: Planter) -> None:
    """Add two labels that are too rare to learn; their sets are left as they are otherwise."""
    made = planter.made
    for name, most in (("rare", 12), ("rarer", 3)):
        made.labels.append(name)
        number = len(made.labels) - 1
        count = int(planter.rng.integers(0, most))
        # Rows of train: their sets are still those of others there.
        rows = [row for row in planter.free if row.split == "train"][:count]
        for row in rows:
            row.on = {*row.on, number}
    made.truth["rare_labels: too rare to learn"] = {"rare", "rarer"}
