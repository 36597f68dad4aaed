-- Totals of the marts are those of the facts they are made from: a join neither drops nor repeats rows.
{{ config(meta={"dagster": {"ref": {"name": "mart_orders_daily"}}}) }}

with

totals as (

    select
        'units sold' as subject,
        (select sum(units_sold) from {{ ref('fct_orders') }}) as expected,
        (select sum(units_sold) from {{ ref('mart_orders_daily') }}) as found

    union all

    select
        'order lines' as subject,
        (select sum(lines) from {{ ref('fct_orders') }}) as expected,
        (select sum(lines) from {{ ref('mart_orders_daily') }}) as found

    union all

    select
        'units in stock that is a risk' as subject,
        (select sum(case when on_hand < 0 or available_units <= 0 or daily_units = 0 then on_hand end) from {{ ref('fct_inventory_daily') }}) as expected,
        (select sum(case when risk in ('stock_record_wrong', 'out_of_stock', 'no_sales') then on_hand end) from {{ ref('mart_stock_risk') }}) as found

    union all

    select
        'units sold by week' as subject,
        (select sum(units_sold) from {{ ref('fct_orders') }}) as expected,
        (select sum(units_sold) from {{ ref('mart_buyer_week') }}) as found

    union all

    select
        'posts by market' as subject,
        (
            select sum(markets.posts)
            from {{ ref('stg_trend_markets') }} as markets
            inner join {{ ref('fct_trend_daily') }} as trends
                on markets.day = trends.day and markets.topic_id = trends.topic_id and not trends.suppressed
        ) as expected,
        (select sum(posts) from {{ ref('mart_markets') }}) as found

    union all

    select
        'deliveries' as subject,
        (select count(distinct delivery_id) from {{ ref('stg_deliveries') }}) as expected,
        (select count(*) from {{ ref('fct_deliveries') }}) as found

    union all

    select
        'decision cards' as subject,
        (select count(*) from {{ ref('stg_decision_cards') }}) as expected,
        (select sum(cards) from {{ ref('mart_trend_products') }}) as found

)

select * from totals
where coalesce(expected, 0) <> coalesce(found, 0)
