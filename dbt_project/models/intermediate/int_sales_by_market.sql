{{ config(**replaced_by_day()) }}

with

orders as (

    select * from {{ ref('stg_orders') }}
    where {{ is_day_of_run('day') }}

),

stores as (

    select * from {{ ref('stg_stores') }}

),

-- A cancelled line was no demand, as in int_sales_rates.
lines as (

    select
        orders.day,
        orders.product_id,
        orders.quantity,
        stores.region,
        coalesce(orders.country, stores.country) as country

    from orders

    left join stores
        on
            orders.day = stores.day
            and orders.store_id = stores.store_id

    where orders.kind in ('sale', 'cancellation')

),

-- A sale counts in the region of its place and in the country it was delivered to: posts name the one or the other.
lines_of_markets as (

    select
        day,
        product_id,
        quantity,
        region as market
    from lines
    where region is not null

    union all

    select
        day,
        product_id,
        quantity,
        country as market
    from lines
    where country is not null and country is distinct from region

),

final as (

    select
        day,
        product_id,
        market,
        cast(sum(quantity) as bigint) as units

    from lines_of_markets

    group by day, product_id, market

)

select * from final
