"""`python -m overtone`: what launchers such as `accelerate launch -m overtone` start."""

from overtone.apps.cli import run

run()
