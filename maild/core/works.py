"""Whether two citations are of the same work."""

from maild.core.reading import Citation


def same_work(one: Citation, other: Citation) -> bool:
    """Whether both name it by the same identifier, or by the same title of the part or else of the whole."""
    return bool(_names(one) & _names(other))


def _names(citation: Citation) -> set[tuple[str, str]]:
    ids = {(n, str(v).casefold()) for n in ("isbn", "doi", "pmid", "record_id") if (v := getattr(citation, n))}
    title = citation.article_title or citation.title
    return ids | ({("title", title.casefold().strip())} if title else set())
