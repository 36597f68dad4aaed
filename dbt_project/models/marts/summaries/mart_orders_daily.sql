with

orders as (

    select * from {{ ref('fct_orders') }}

),

products as (

    select * from {{ ref('dim_product') }}

),

stores as (

    select * from {{ ref('dim_store') }}

),

final as (

    select
        orders.day,
        orders.store_id,
        stores.store_name,
        stores.channel,
        products.category,
        orders.currency,
        count(distinct orders.product_id) as products,
        cast(sum(orders.lines) as bigint) as lines,
        cast(sum(orders.units_sold) as bigint) as units_sold,
        cast(sum(orders.units_returned) as bigint) as units_returned,
        cast(sum(orders.units_cancelled) as bigint) as units_cancelled,
        cast(sum(orders.units_adjusted) as bigint) as units_adjusted,
        sum(orders.gross_revenue) as gross_revenue,
        sum(orders.net_revenue) as net_revenue,
        cast(sum(case when orders.promotion then orders.units_sold else 0 end) as bigint) as units_sold_in_promotion,
        max(orders.data_origin) as data_origin

    from orders

    inner join products
        on orders.product_id = products.product_id

    inner join stores
        on orders.store_id = stores.store_id

    group by
        orders.day,
        orders.store_id,
        stores.store_name,
        stores.channel,
        products.category,
        orders.currency

)

select * from final
