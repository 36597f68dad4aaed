with

inventory as (

    select * from {{ ref('fct_inventory_daily') }}

),

trend_product_stock as (

    select * from {{ ref('int_trend_product_stock') }}

),

products as (

    select * from {{ ref('dim_product') }}

),

stores as (

    select * from {{ ref('dim_store') }}

),

trending_products as (

    select
        day,
        product_id,
        count(distinct topic_id) as trends

    from trend_product_stock

    group by day, product_id

),

positions as (

    select
        *,
        coalesce(lead_time_days, {{ var('default_lead_time_days') }}) as assumed_lead_time_days,
        (greatest(available_units, 0) + inbound_units) / nullif(daily_units, 0.0) as days_of_cover_with_inbound

    from inventory

),

judged as (

    select
        *,
        case
            when on_hand < 0 then 'stock_record_wrong'
            when available_units <= 0 then 'out_of_stock'
            when daily_units = 0 then 'no_sales'
            -- An order placed today arrives after the lead time: cover shorter than that ends in an empty shelf.
            when days_of_cover_with_inbound < assumed_lead_time_days then 'runs_out'
            when days_of_cover > {{ var('overstock_days') }} then 'overstock'
            else 'covered'
        end as risk

    from positions

),

final as (

    select
        judged.day,
        judged.product_id,
        products.product_name,
        products.category,
        judged.store_id,
        stores.store_name,
        judged.risk,
        judged.on_hand,
        judged.available_units,
        judged.inbound_units,
        judged.overdue_units,
        judged.next_due_on,
        judged.daily_units,
        judged.days_of_cover,
        judged.days_of_cover_with_inbound,
        judged.lead_time_days,
        cast(coalesce(trending_products.trends, 0) as integer) as trends,
        judged.promotion,
        judged.unit_price,
        -- Sales missed until an order placed today would arrive, if demand stays as it was.
        coalesce(
            greatest(
                judged.daily_units * judged.assumed_lead_time_days - greatest(judged.available_units, 0) - judged.inbound_units, 0.0
            ) * judged.unit_price,
            0.0
        ) as sales_at_risk,
        case
            when judged.risk = 'no_sales' then judged.stock_value
            when judged.risk = 'overstock'
                then greatest(judged.on_hand - judged.daily_units * {{ var('overstock_days') }}, 0.0) * judged.unit_cost
            else 0.0
        end as idle_stock_value,
        judged.data_origin

    from judged

    inner join products
        on judged.product_id = products.product_id

    inner join stores
        on judged.store_id = stores.store_id

    left join trending_products
        on
            judged.day = trending_products.day
            and judged.product_id = trending_products.product_id

    where judged.risk <> 'covered'

)

select * from final
