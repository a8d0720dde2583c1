"""No component of the page takes a file or gives one: what a caller names as one is not looked at.

Gradio takes any value of the form {"path": ..., "meta": ...} for a file, whatever the component: it copies it to where it is
served, or fetches it where the path is an address. Only of a page that was launched does it ask whether the file may be
had, and a page that is mounted never is (gradio 6.31).
"""

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import gradio as gr


def take_no_files(page: "gr.Blocks") -> None:
    """Have every component of a page refuse files, and Gradio itself ask about them as it does of a launched page."""
    page.has_launched = True
    for block in page.blocks.values():
        block.async_move_resource_to_block_cache = _refuse
        block.move_resource_to_block_cache = _refuse


def _refuse(*_: Any) -> NoReturn:
    raise ValueError("the page takes no files")
