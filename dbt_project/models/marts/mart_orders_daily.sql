with

orders as (

    select * from {{ ref('int_orders_by_product_place_day') }}

),

products as (

    select * from {{ ref('stg_products') }}

),

stores as (

    select * from {{ ref('stg_stores') }}

),

final as (

    select
        orders.day,
        orders.store_id,
        stores.store_name,
        stores.channel,
        coalesce(products.category, 'unknown') as category,
        orders.currency,
        count(distinct orders.product_id) as products,
        cast(sum(orders.lines) as bigint) as lines,
        cast(sum(orders.units_sold) as bigint) as units_sold,
        cast(sum(orders.units_returned) as bigint) as units_returned,
        cast(sum(orders.units_cancelled) as bigint) as units_cancelled,
        cast(sum(orders.units_adjusted) as bigint) as units_adjusted,
        sum(orders.gross_revenue) as gross_revenue,
        sum(orders.net_revenue) as net_revenue,
        max(orders.data_origin) as data_origin

    from orders

    left join products
        on
            orders.day = products.day
            and orders.product_id = products.product_id

    left join stores
        on
            orders.day = stores.day
            and orders.store_id = stores.store_id

    group by
        orders.day,
        orders.store_id,
        stores.store_name,
        stores.channel,
        coalesce(products.category, 'unknown'),
        orders.currency

)

select * from final
