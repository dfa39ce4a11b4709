"""`python -m sharpen.cli`, the same as `sharpen`."""

from sharpen.cli.main import main

main()
