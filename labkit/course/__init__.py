"""The course: its lessons, explorers, panels and plots. Nothing outside it imports it but `cli`."""

from labkit.course.checking import Verdict, check
from labkit.course.recorded import Recorded, recorded

__all__ = ["Recorded", "Verdict", "check", "recorded"]
