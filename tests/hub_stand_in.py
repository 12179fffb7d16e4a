"""A stand-in for the Hugging Face hub: what huggingface_hub asks of its HTTP interface, for real.

Repositories, branches, commits, large files by git-lfs's batch API, tokens. As on the hub, large
files are stored and served under another host name (localhost, not 127.0.0.1), where no token may
go. Source: huggingface_hub 2.4, `hf_api.py`, `_commit_api.py`, `lfs.py` and `file_download.py`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Tree = dict[str, bytes]
LARGE = (".safetensors", ".onnx", ".bin")


@dataclass
class Repository:
    """One repository."""

    private: bool
    branches: dict[str, str]
    commits: dict[str, Tree]
    messages: list[str] = field(default_factory=list)


@dataclass
class Hub:
    """All that the stand-in knows; a test changes it, and reads what was asked."""

    tokens: dict[str, str] = field(default_factory=lambda: {"hf_ann": "ann", "hf_bob": "bob"})
    """Users by token."""
    repositories: dict[str, Repository] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    """Large files by SHA-256."""
    failing: dict[str, int] = field(default_factory=dict)
    """Statuses to fail with, by a part of the path."""
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Method, path and token of each request."""
    leaked: list[str] = field(default_factory=list)
    """Paths under the other host name that a token came to."""
    port: int = 0

    @property
    def url(self) -> str:
        """Return what HF_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self.port}"

    def tree(self, name: str, branch: str = "main") -> Tree:
        """Return the files of a branch."""
        found = self.repositories[name]
        return found.commits[found.branches[branch]]

    def commit(self, name: str, tree: Tree, message: str = "by hand", branch: str = "main") -> str:
        """Put a tree on a branch, as somebody with git would, and return the commit."""
        found = self.repositories[name]
        files = sorted((path, hashlib.sha256(content).digest()) for path, content in tree.items())
        state = repr((name, branch, files, message, len(found.commits)))
        sha = hashlib.sha1(state.encode(), usedforsecurity=False).hexdigest()
        found.commits[sha] = tree
        found.branches[branch] = sha
        found.messages.append(message)
        return sha

    def create(self, name: str, *, private: bool = False) -> None:
        """Make an empty repository."""
        self.repositories[name] = Repository(private, {}, {})
        self.commit(name, {".gitattributes": b"*.safetensors filter=lfs\n"}, "initial commit")


class Answer(Exception):  # noqa: N818 - an answer that ends the work, not always an error
    """What to answer, raised from anywhere."""

    def __init__(self, status: int, body: object = None, **headers: str) -> None:
        """Store it; underscores in the headers' names stand for hyphens."""
        super().__init__(status)
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = {key.replace("_", "-"): value for key, value in headers.items()}


class Handler(BaseHTTPRequestHandler):
    """Answers requests."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - the standard library's names

    def _answer(self) -> None:
        self.content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        self.query, path = parse_qs(parts.query), unquote(parts.path)
        given = self.headers.get("Authorization")
        self.token = given.removeprefix("Bearer ") if given else None
        self.hub.asked.append((self.command, path, self.token))
        if self.headers["Host"].startswith("localhost") and given:
            self.hub.leaked.append(path)
        try:
            self._route(path)
        except Answer as answer:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

    def _route(self, path: str) -> None:
        for part, status in self.hub.failing.items():
            if part in path:
                raise Answer(status, {"error": "made to fail"})
        if self.token is not None and self.token not in self.hub.tokens:
            said = "Invalid credentials in Authorization header"
            raise Answer(401, {"error": said}, X_Error_Message=said)
        for method, pattern, work in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and self.command in method.split():
                work(self, *found.groups())
        raise Answer(404, {"error": f"the stand-in doesn't know {self.command} {path}"})

    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """Return the request's body."""
        return json.loads(self.content)

    def readable(self, name: str) -> Repository:
        """Return a repository that whoever asks may see."""
        found = self.hub.repositories.get(name)
        if found is None or (found.private and self._user() != name.split("/", maxsplit=1)[0]):
            # The hub doesn't say which of the two, and not even that much to strangers.
            status = 404 if self.token else 401
            raise Answer(status, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
        return found

    def writable(self, name: str) -> Repository:
        """Return a repository that whoever asks may write to."""
        found = self.readable(name)
        if self._user() != name.split("/", maxsplit=1)[0]:
            raise Answer(403 if self.token else 401, {"error": "Forbidden"})
        return found

    def _user(self) -> str | None:
        return self.hub.tokens.get(self.token or "")


def at(repository: Repository, revision: str) -> tuple[str, Tree]:
    """Return a commit and its files."""
    sha = repository.branches.get(revision, revision)
    if sha not in repository.commits:
        raise Answer(404, {"error": "Invalid rev id"}, X_Error_Code="RevisionNotFound")
    return sha, repository.commits[sha]


def create_repository(ask: Handler) -> None:
    """POST /api/repos/create."""
    given = ask.json()
    name = f"{given['organization']}/{given['name']}"
    if ask._user() is None:
        raise Answer(401, {"error": "Unauthorized"})
    if ask._user() != given["organization"]:
        raise Answer(403, {"error": "You don't have the rights to create a model there"})
    if name in ask.hub.repositories:
        raise Answer(409, {"error": "exists", "url": f"{ask.hub.url}/{name}"})
    ask.hub.create(name, private=given.get("visibility") == "private")
    raise Answer(200, {"url": f"{ask.hub.url}/{name}", "name": name})


def validate_card(ask: Handler) -> None:
    """POST /api/validate-yaml."""
    assert ask.json()["content"].startswith("---\n")
    raise Answer(200, {"errors": [], "warnings": []})


def describe(ask: Handler, name: str, revision: str | None = None) -> None:
    """GET /api/models/NAME, and its revisions."""
    found = ask.readable(name)
    sha, tree = at(found, revision or "main")
    files: list[dict[str, Any]] = [{"rfilename": path} for path in sorted(tree)]
    if "blobs" in ask.query:
        files = [{**file, "size": len(tree[file["rfilename"]])} for file in files]
    raise Answer(
        200, {"id": name, "sha": sha, "private": found.private, "siblings": files, "tags": []}
    )


def show_tree(ask: Handler, name: str, revision: str) -> None:
    """GET /api/models/NAME/tree/REVISION."""
    _, tree = at(ask.readable(name), revision)
    files = [
        {"type": "file", "path": path, "size": len(content), "oid": "0" * 40}
        for path, content in tree.items()
    ]
    raise Answer(200, files)


def branch(ask: Handler, name: str, new: str) -> None:
    """POST /api/models/NAME/branch/NEW."""
    found = ask.writable(name)
    if new in found.branches:
        raise Answer(409, {"error": "Reference already exists"})
    found.branches[new] = found.branches["main"]
    raise Answer(200, {})


def before_upload(ask: Handler, name: str, _: str) -> None:
    """POST /api/models/NAME/preupload/REVISION."""
    ask.writable(name)
    raise Answer(
        200,
        {
            "files": [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                    "shouldIgnore": False,
                }
                for file in ask.json()["files"]
            ]
        },
    )


def plan_large(ask: Handler, name: str) -> None:
    """POST /NAME.git/info/lfs/objects/batch."""
    ask.writable(name)
    place = f"http://localhost:{ask.hub.port}/storage"
    objects = []
    for wanted in ask.json()["objects"]:
        actions = {
            "upload": {"href": f"{place}/{wanted['oid']}"},
            "verify": {"href": f"{ask.hub.url}/{name}.git/info/lfs/verify"},
        }
        there = wanted["oid"] in ask.hub.large
        objects.append({**wanted} if there else {**wanted, "actions": actions})
    raise Answer(200, {"transfer": "basic", "objects": objects})


def store(ask: Handler, oid: str) -> None:
    """PUT and GET /storage/OID, under the other host name."""
    if ask.command == "PUT":
        ask.hub.large[oid] = ask.content
        raise Answer(200)
    raise Answer(200, ask.hub.large[oid])


def verify_large(ask: Handler, name: str) -> None:
    """POST /NAME.git/info/lfs/verify."""
    ask.writable(name)
    given = ask.json()
    content = ask.hub.large.get(given["oid"], b"")
    good = hashlib.sha256(content).hexdigest() == given["oid"] and len(content) == given["size"]
    raise Answer(200 if good else 422, {})


def commit(ask: Handler, name: str, onto: str) -> None:
    """POST /api/models/NAME/commit/BRANCH: all of it or nothing."""
    found = ask.writable(name)
    _, before = at(found, onto)
    tree, message = dict(before), ""
    for line in ask.content.splitlines():
        item = json.loads(line)
        value = item["value"]
        if item["key"] == "header":
            message = value["summary"]
        elif item["key"] == "file":
            tree[value["path"]] = base64.b64decode(value["content"])
        elif item["key"] == "lfsFile":
            tree[value["path"]] = ask.hub.large[value["oid"]]
        elif item["key"] == "deletedFile":
            del tree[value["path"]]
    sha = ask.hub.commit(name, tree, message, onto)
    raise Answer(200, {"commitUrl": f"{ask.hub.url}/{name}/commit/{sha}", "commitOid": sha})


def resolve(ask: Handler, name: str, revision: str, path: str) -> None:
    """HEAD and GET /NAME/resolve/REVISION/PATH."""
    sha, tree = at(ask.readable(name), revision)
    if path not in tree:
        raise Answer(404, None, X_Error_Code="EntryNotFound", X_Repo_Commit=sha)
    content = tree[path]
    etag = hashlib.sha256(content).hexdigest()
    if not path.endswith(LARGE):
        raise Answer(200, content, ETag=f'"{etag[:40]}"', X_Repo_Commit=sha)
    ask.hub.large[etag] = content
    raise Answer(
        302,
        Location=f"http://localhost:{ask.hub.port}/storage/{etag}",
        X_Repo_Commit=sha,
        X_Linked_ETag=f'"{etag}"',
        X_Linked_Size=str(len(content)),
    )


NAME = r"([\w.-]+/[\w.-]+)"
ROUTES: list[tuple[str, str, Callable[..., None]]] = [
    ("POST", "/api/repos/create", create_repository),
    ("POST", "/api/validate-yaml", validate_card),
    ("GET", f"/api/models/{NAME}", describe),
    ("GET", f"/api/models/{NAME}/revision/(.+)", describe),
    ("GET", f"/api/models/{NAME}/tree/(.+)", show_tree),
    ("POST", f"/api/models/{NAME}/branch/(.+)", branch),
    ("POST", f"/api/models/{NAME}/preupload/(.+)", before_upload),
    ("POST", f"/api/models/{NAME}/commit/(.+)", commit),
    ("POST", f"/{NAME}\\.git/info/lfs/objects/batch", plan_large),
    ("POST", f"/{NAME}\\.git/info/lfs/verify", verify_large),
    ("PUT GET", "/storage/([0-9a-f]{64})", store),
    ("HEAD GET", f"/{NAME}/resolve/([^/]+)/(.+)", resolve),
]


class Server:
    """Runs the stand-in on a free port, as a context manager."""

    def __enter__(self) -> Hub:
        """Start it."""
        self._hub = Hub()
        handler = type("Bound", (Handler,), {"hub": self._hub})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._hub.port = self._http.server_port
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))
        self._thread.start()
        return self._hub

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
