"""ESS 2014-08-28 and 2022-02-22: groups, members, activities, rules and hooks. Handlers answer flat; `wire` wraps."""
