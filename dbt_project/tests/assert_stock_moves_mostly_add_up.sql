-- Days on which more than a fifth of the stock positions, and at least twenty, do not add up: then it is not dirt but a wrong file or mapping.
{{ config(meta={"dagster": {"ref": {"name": "stg_inventory"}}}) }}

with

movements as (

    {{ stock_movements() }}

)

select
    day,
    count(*) as positions,
    count(case when on_hand <> expected_on_hand then 1 end) as wrong_positions

from movements

group by day

having count(case when on_hand <> expected_on_hand then 1 end) > greatest(0.2 * count(*), 19)
