-- Days on which more than a fifth of the stock positions, and at least twenty, do not add up: then it is not dirt but a wrong file or mapping.
{{ config(meta={"dagster": {"ref": {"name": "fct_inventory_daily"}}}) }}

select
    day,
    count(*) as positions,
    count(case when unexplained_units <> 0 then 1 end) as wrong_positions

from {{ ref('fct_inventory_daily') }}

where
    {{ is_day_of_run('day') }}
    and unexplained_units is not null

group by day

having count(case when unexplained_units <> 0 then 1 end) > greatest(0.2 * count(*), 19)
