"""Classification tasks: small, standardised, already split; stored ones and one's own."""

from labkit.datasets.images import load_images
from labkit.datasets.tasks import TASK_NAMES, Task, check_task, check_two_classes, load_task

__all__ = ["TASK_NAMES", "Task", "check_task", "check_two_classes", "load_images", "load_task"]
