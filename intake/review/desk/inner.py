"""A screen that the list of reports leads to, with a list and a pane of its own; Escape leaves the pane, then it."""

from __future__ import annotations

from abc import abstractmethod

from intake.review.desk.board import Board


class Inner(Board):
    """Its list is read when it comes up; the pane follows the cursor."""

    def on_mount(self) -> None:
        """Fill the list."""
        self.reload()
        self.rows.focus()

    @abstractmethod
    def show(self) -> None:
        """Let the pane hold what the cursor stands on."""

    def on_rows_moved(self) -> None:
        """Show what the cursor stands on."""
        self.show()
        self.tell()

    def action_leave(self) -> None:
        """Back to the reports."""
        self.desk.pop_screen()

    def action_back(self) -> None:
        """Out of the pane, then out of the screen."""
        if not self.unread():
            self.action_leave()
            return
        self.tell()
