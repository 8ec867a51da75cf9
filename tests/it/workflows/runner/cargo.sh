#!/usr/bin/env bash
# Cargo, but `cargo install --git` takes the floe that was built for these tests in the place of compiling one.
set -euo pipefail
if [[ $* == *' --git '* ]]; then
    [[ $* == "install --locked --git https://github.com/acme/floe --rev $FLOE_REV floe" ]]
    mkdir -p "$HOME/.cargo/bin"
    cp "$STANDIN/floe" "$HOME/.cargo/bin/floe"
else
    exec "$CARGO_FOR_TESTS" "$@"
fi
