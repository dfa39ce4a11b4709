"""`python -m sharpen.cli`, the same as `sharpen`."""

from sharpen.cli.start import main

main()
