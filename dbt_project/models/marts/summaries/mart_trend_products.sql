with

trend_days as (

    select * from {{ ref('fct_trend_daily') }}

),

links as (

    select * from {{ ref('stg_product_trend_links') }}

),

products as (

    select * from {{ ref('stg_products') }}

),

stock_positions as (

    select * from {{ ref('fct_inventory_daily') }}

),

sales_rates as (

    select * from {{ ref('int_sales_rates') }}

),

decision_cards as (

    select * from {{ ref('stg_decision_cards') }}

),

stock_of_products as (

    select
        day,
        product_id,
        count(*) as places,
        count(case when available_units <= 0 then 1 end) as places_out_of_stock,
        cast(sum(available_units) as bigint) as available_units,
        cast(sum(inbound_units) as bigint) as inbound_units,
        min(next_due_on) as next_due_on,
        {{ any_of('promotion') }} as promotion,
        max(data_origin) as data_origin

    from stock_positions

    group by day, product_id

),

sales_of_products as (

    select
        day,
        product_id,
        sum(daily_units) as daily_units,
        sum(last_3_days_units) as last_3_days_units,
        max(data_origin) as data_origin

    from sales_rates

    group by day, product_id

),

cards_of_products as (

    select
        day,
        topic_id,
        product_id,
        count(*) as cards,
        string_agg(distinct action, ', ' order by action) as actions,
        cast(sum(case when action in ('reorder', 'expedite') then quantity else 0 end) as bigint) as units_to_order,
        min(act_by) as act_by,
        sum(money_at_risk) as money_at_risk

    from decision_cards

    group by day, topic_id, product_id

),

final as (

    select
        trend_days.day,
        trend_days.topic_id,
        trend_days.label,
        trend_days.stage,
        trend_days.trend_score,
        trend_days.growth_24h,
        links.product_id,
        products.product_name,
        products.category,
        products.unit_price,
        links.rank as link_rank,
        links.score as link_score,
        links.evidence_terms,
        links.evidence_posts,
        -- No stock rows means that stock is unknown, which is not the same as none.
        stock_of_products.places,
        stock_of_products.places_out_of_stock,
        stock_of_products.available_units,
        stock_of_products.inbound_units,
        stock_of_products.next_due_on,
        coalesce(sales_of_products.daily_units, 0.0) as daily_units,
        coalesce(sales_of_products.last_3_days_units, 0.0) as last_3_days_units,
        case
            when stock_of_products.places is not null
                then greatest(stock_of_products.available_units, 0) / nullif(sales_of_products.daily_units, 0.0)
        end as days_of_cover,
        coalesce(stock_of_products.promotion, false) as promotion,
        coalesce(cards_of_products.cards, 0) as cards,
        cards_of_products.actions,
        coalesce(cards_of_products.units_to_order, 0) as units_to_order,
        cards_of_products.act_by,
        coalesce(cards_of_products.money_at_risk, 0.0) as money_at_risk,
        case
            when 'simulated' in (products.data_origin, stock_of_products.data_origin, sales_of_products.data_origin)
                then 'simulated'
            else 'real'
        end as data_origin

    from trend_days

    inner join links
        on
            trend_days.day = links.day
            and trend_days.topic_id = links.topic_id

    left join products
        on
            links.day = products.day
            and links.product_id = products.product_id

    left join stock_of_products
        on
            links.day = stock_of_products.day
            and links.product_id = stock_of_products.product_id

    left join sales_of_products
        on
            links.day = sales_of_products.day
            and links.product_id = sales_of_products.product_id

    left join cards_of_products
        on
            links.day = cards_of_products.day
            and links.topic_id = cards_of_products.topic_id
            and links.product_id = cards_of_products.product_id

    where
        links.linked
        and not trend_days.suppressed

)

select * from final
