-- Totals of the marts are those of the tables they are made from: a join neither drops nor repeats rows.
{{ config(meta={"dagster": {"ref": {"name": "mart_orders_daily"}}}) }}

with

totals as (

    select
        'orders' as subject,
        (select sum(units_sold) from {{ ref('int_orders_by_product_place_day') }}) as expected,
        (select sum(units_sold) from {{ ref('mart_orders_daily') }}) as found

    union all

    select
        'order lines' as subject,
        (select sum(lines) from {{ ref('int_orders_by_product_place_day') }}) as expected,
        (select sum(lines) from {{ ref('mart_orders_daily') }}) as found

    union all

    select
        'posts of topics' as subject,
        (select sum(posts) from {{ ref('stg_topic_hours') }}) as expected,
        (select sum(posts) from {{ ref('mart_topic_hourly') }}) as found

    union all

    select
        'stock positions' as subject,
        (select count(*) from {{ ref('int_stock_position') }}) as expected,
        (select count(*) from {{ ref('mart_stock_risk') }}) as found

    union all

    select
        'trend days' as subject,
        (select count(*) from {{ ref('int_trend_days') }}) as expected,
        (select count(*) from {{ ref('mart_trend_daily') }}) as found

    union all

    select
        'decision cards' as subject,
        (select count(*) from {{ ref('stg_decision_cards') }}) as expected,
        (select sum(cards) from {{ ref('mart_trend_products') }}) as found

)

select * from totals
where coalesce(expected, 0) <> coalesce(found, 0)
