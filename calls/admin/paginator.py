"""Pages of long lists: counting stops where nobody pages on.

COUNT(*) over a million rows takes longer than the page it is for. Past the cap a list says "more than", and is
narrowed by its filters, by date for one, or read from its other end by turning its order round.
"""

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

CAP = 10_000

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator  # Not generic at run time.


class CappedPaginator(_Paginator):
    @cached_property
    def count(self) -> int:
        """The rows, or CAP where there are more."""
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        # Without the order and the related rows, the database may stop at the cap.
        return int(rows.order_by().select_related(None).values("pk")[:CAP].count())

    @property
    def is_capped(self) -> bool:
        return bool(self.count == CAP)
