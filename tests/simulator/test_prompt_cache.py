from __future__ import annotations

from penstock.simulator.prompt_cache import CacheCounts, Mark, Prefix, PromptCache


def marks(*texts: str, for_an_hour: bool = False) -> list[Mark]:
    prefix = Prefix()
    for text in texts:
        prefix.add({"text": text}, text)
        prefix.mark(for_an_hour=for_an_hour)
    return prefix.marks


def test_what_was_marked_once_is_read_the_next_time() -> None:
    cache = PromptCache()
    assert cache.look("m", marks("one two three")) == CacheCounts(0, 3)
    assert cache.look("m", marks("one two three")) == CacheCounts(3, 0)


def test_the_longest_beginning_that_is_known_is_read_and_the_rest_created() -> None:
    cache = PromptCache()
    cache.look("m", marks("one", "two three"))
    assert cache.look("m", marks("one", "two three", "four")) == CacheCounts(3, 1)
    assert cache.look("m", marks("one", "other words")) == CacheCounts(1, 2)


def test_another_model_keeps_its_own_and_an_hour_is_told_apart() -> None:
    cache = PromptCache()
    cache.look("m", marks("one"))
    assert cache.look("n", marks("one", for_an_hour=True)) == CacheCounts(0, 1, 1)


def test_without_marks_nothing_is_counted_and_what_is_forgotten_is_not_read() -> None:
    cache = PromptCache()
    assert cache.look("m", []) == CacheCounts()
    cache.look("m", marks("one"))
    cache.forget()
    assert cache.look("m", marks("one")) == CacheCounts(0, 1)
