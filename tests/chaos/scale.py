"""How much of the chaos runs: a sample with the other tests, all of it by `make chaos`."""

import os

IS_FULL = os.environ.get("SYNC_TEST_CHAOS") == "full"
KILLS = 200 if IS_FULL else 4
