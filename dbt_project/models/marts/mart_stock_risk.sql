with

stock_positions as (

    select * from {{ ref('int_stock_position') }}

),

sales_rates as (

    select * from {{ ref('int_sales_rates') }}

),

trend_product_stock as (

    select * from {{ ref('int_trend_product_stock') }}

),

trending_products as (

    select
        day,
        product_id,
        count(distinct topic_id) as trends

    from trend_product_stock

    group by day, product_id

),

positions_with_sales as (

    select
        stock_positions.*,
        coalesce(sales_rates.daily_units, 0.0) as daily_units,
        coalesce(trending_products.trends, 0) as trends,
        coalesce(stock_positions.lead_time_days, {{ var('default_lead_time_days') }}) as assumed_lead_time_days,
        greatest(stock_positions.available_units, 0) / nullif(sales_rates.daily_units, 0.0) as days_of_cover,
        (greatest(stock_positions.available_units, 0) + stock_positions.inbound_units)
        / nullif(sales_rates.daily_units, 0.0) as days_of_cover_with_inbound

    from stock_positions

    left join sales_rates
        on
            stock_positions.day = sales_rates.day
            and stock_positions.product_id = sales_rates.product_id
            and stock_positions.store_id = sales_rates.store_id

    left join trending_products
        on
            stock_positions.day = trending_products.day
            and stock_positions.product_id = trending_products.product_id

),

final as (

    select
        day,
        product_id,
        product_name,
        category,
        store_id,
        case
            when on_hand < 0 then 'stock_record_wrong'
            when available_units <= 0 then 'out_of_stock'
            when daily_units = 0 then 'no_sales'
            -- An order placed today arrives after the lead time: cover shorter than that ends in an empty shelf.
            when days_of_cover_with_inbound < assumed_lead_time_days then 'runs_out'
            when days_of_cover > {{ var('overstock_days') }} then 'overstock'
            else 'covered'
        end as risk,
        on_hand,
        available_units,
        inbound_units,
        overdue_units,
        next_due_on,
        daily_units,
        days_of_cover,
        days_of_cover_with_inbound,
        lead_time_days,
        cast(trends as integer) as trends,
        promotion,
        unit_price,
        -- Sales missed until an order placed today would arrive, if demand stays as it was.
        coalesce(
            greatest(daily_units * assumed_lead_time_days - greatest(available_units, 0) - inbound_units, 0.0) * unit_price, 0.0
        ) as sales_at_risk,
        data_origin

    from positions_with_sales

)

select * from final
