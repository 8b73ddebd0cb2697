"""`python -m cli` is `vacancy`."""

import sys

from cli.main import main

sys.exit(main())
