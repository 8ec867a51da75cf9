#!/usr/bin/env bash
# floe, as it was built for these tests; what talks to a registry is led to the embedded one.
case $1 in
plan | publish | verify) exec "$FLOE" "$@" --registry-url "$REGISTRY" --first-wait 1 ;;
*) exec "$FLOE" "$@" ;;
esac
