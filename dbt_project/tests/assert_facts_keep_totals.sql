-- Totals of the facts by day are those of the lake's tables: a join neither drops nor repeats rows.
{{ config(meta={"dagster": {"ref": {"name": "fct_inventory_daily"}}}) }}

with

totals as (

    select
        'stock on hand' as subject,
        (select sum(on_hand) from {{ ref('stg_inventory') }} where {{ is_day_of_run('day') }}) as expected,
        (select sum(on_hand) from {{ ref('fct_inventory_daily') }} where {{ is_day_of_run('day') }}) as found

    union all

    select
        'stock positions' as subject,
        (select count(*) from {{ ref('stg_inventory') }} where {{ is_day_of_run('day') }}) as expected,
        (select count(*) from {{ ref('fct_inventory_daily') }} where {{ is_day_of_run('day') }}) as found

    union all

    select
        'posts of topics' as subject,
        (select sum(posts) from {{ ref('stg_topic_hours') }} where {{ is_day_of_run('day') }}) as expected,
        (select sum(posts) from {{ ref('fct_topic_hourly') }} where {{ is_day_of_run('day') }}) as found

    union all

    select
        'trends and days' as subject,
        (select count(distinct concat(cast(day as {{ text_type() }}), ' ', topic_id)) from {{ ref('stg_trends') }} where {{ is_day_of_run('day') }}) as expected,
        (select count(*) from {{ ref('fct_trend_daily') }} where {{ is_day_of_run('day') }}) as found

)

select * from totals
where coalesce(expected, 0) <> coalesce(found, 0)
