{{ config(**replaced_by_day()) }}

with

orders as (

    select * from {{ ref('stg_orders') }}
    where {{ is_day_of_run('day') }}

),

products as (

    select * from {{ ref('stg_products') }}

),

promotions as (

    select * from {{ ref('stg_promotions') }}

),

promoted as (

    select distinct
        day,
        product_id,
        store_id

    from promotions

),

totals as (

    select
        day,
        product_id,
        store_id,
        currency,
        count(distinct order_id) as orders,
        cast(count(*) as bigint) as lines,
        cast(sum(case when kind = 'sale' then quantity else 0 end) as bigint) as units_sold,
        cast(-sum(case when kind = 'return' then quantity else 0 end) as bigint) as units_returned,
        cast(-sum(case when kind = 'cancellation' then quantity else 0 end) as bigint) as units_cancelled,
        cast(sum(case when kind = 'adjustment' then quantity else 0 end) as bigint) as units_adjusted,
        sum(case when kind = 'sale' then line_amount else 0 end) as gross_revenue,
        sum(case when kind <> 'adjustment' then line_amount else 0 end) as net_revenue,
        max(data_origin) as data_origin

    from orders

    group by day, product_id, store_id, currency

),

final as (

    select
        totals.day,
        totals.product_id,
        totals.store_id,
        totals.currency,
        totals.orders,
        totals.lines,
        totals.units_sold,
        totals.units_returned,
        totals.units_cancelled,
        totals.units_adjusted,
        totals.gross_revenue,
        totals.net_revenue,
        totals.units_sold * products.unit_price as list_revenue,
        (totals.units_sold - totals.units_returned - totals.units_cancelled) * products.unit_cost as cost_of_goods,
        promoted.product_id is not null as promotion,
        totals.data_origin

    from totals

    left join products
        on
            totals.day = products.day
            and totals.product_id = products.product_id

    left join promoted
        on
            totals.day = promoted.day
            and totals.product_id = promoted.product_id
            and totals.store_id = promoted.store_id

)

select * from final
