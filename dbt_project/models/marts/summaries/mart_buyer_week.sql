with

products as (

    select * from {{ ref('dim_product') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

inventory as (

    select * from {{ ref('fct_inventory_daily') }}

),

deliveries as (

    select * from {{ ref('fct_deliveries') }}
    where received_on is not null

),

trend_product_stock as (

    select * from {{ ref('int_trend_product_stock') }}

),

decision_cards as (

    select * from {{ ref('stg_decision_cards') }}

),

sales as (

    select
        {{ week_start('orders.day') }} as week_start,
        products.category,
        cast(sum(orders.units_sold) as bigint) as units_sold,
        cast(sum(orders.units_returned) as bigint) as units_returned,
        cast(sum(case when orders.promotion then orders.units_sold else 0 end) as bigint) as units_sold_in_promotion,
        -- Amounts of several currencies cannot be added up.
        case when count(distinct orders.currency) = 1 then max(orders.currency) end as currency,
        case when count(distinct orders.currency) = 1 then sum(orders.net_revenue) end as net_revenue,
        max(orders.data_origin) as data_origin

    from orders

    inner join products
        on orders.product_id = products.product_id

    group by {{ week_start('orders.day') }}, products.category

),

inventory_of_weeks as (

    select
        {{ week_start('inventory.day') }} as week_start,
        products.category,
        inventory.day = max(inventory.day) over (partition by {{ week_start('inventory.day') }}) as is_last_day,
        inventory.available_units,
        inventory.stock_value,
        inventory.data_origin

    from inventory

    inner join products
        on inventory.product_id = products.product_id

),

stock as (

    select
        week_start,
        category,
        count(case when available_units <= 0 then 1 end) / cast(count(*) as {{ double_type() }}) as out_of_stock_share,
        sum(case when is_last_day then stock_value end) as stock_value,
        max(data_origin) as data_origin

    from inventory_of_weeks

    group by week_start, category

),

arrivals as (

    select
        {{ week_start('deliveries.received_on') }} as week_start,
        products.category,
        count(*) as deliveries_received,
        count(case when deliveries.days_late > 0 then 1 end) as deliveries_late,
        cast(sum(deliveries.short_units) as bigint) as short_units,
        max(deliveries.data_origin) as data_origin

    from deliveries

    inner join products
        on deliveries.product_id = products.product_id

    group by {{ week_start('deliveries.received_on') }}, products.category

),

trending as (

    select
        {{ week_start('trend_product_stock.day') }} as week_start,
        products.category,
        count(distinct trend_product_stock.topic_id) as trends,
        count(distinct trend_product_stock.product_id) as trending_products,
        max(trend_product_stock.data_origin) as data_origin

    from trend_product_stock

    inner join products
        on trend_product_stock.product_id = products.product_id

    group by {{ week_start('trend_product_stock.day') }}, products.category

),

-- A card is made anew each day: the last of the week stands for it.
last_cards as (

    select
        *,
        {{ week_start('day') }} as week_start

    from decision_cards

    qualify row_number() over (partition by {{ week_start('day') }}, topic_id, product_id, store_id order by day desc, card_id) = 1

),

-- Two trends of one product put the same stock at risk once.
cards_of_places as (

    select
        week_start,
        product_id,
        store_id,
        max(case when action not in ('hold', 'too_late') then 1 else 0 end) as to_do,
        max(case when action = 'too_late' then 1 else 0 end) as too_late,
        max(money_at_risk) as money_at_risk,
        max(data_origin) as data_origin

    from last_cards

    group by week_start, product_id, store_id

),

cards as (

    select
        cards_of_places.week_start,
        products.category,
        cast(sum(cards_of_places.to_do) as bigint) as places_to_act,
        cast(sum(cards_of_places.too_late) as bigint) as places_too_late,
        sum(cards_of_places.money_at_risk) as money_at_risk,
        max(cards_of_places.data_origin) as data_origin

    from cards_of_places

    inner join products
        on cards_of_places.product_id = products.product_id

    group by cards_of_places.week_start, products.category

),

weeks as (

    select week_start, category from sales
    union distinct
    select week_start, category from stock
    union distinct
    select week_start, category from arrivals
    union distinct
    select week_start, category from trending
    union distinct
    select week_start, category from cards

),

final as (

    select
        weeks.week_start,
        weeks.category,
        coalesce(trending.trends, 0) as trends,
        coalesce(trending.trending_products, 0) as trending_products,
        coalesce(cards.places_to_act, 0) as places_to_act,
        coalesce(cards.places_too_late, 0) as places_too_late,
        coalesce(cards.money_at_risk, 0.0) as money_at_risk,
        coalesce(sales.units_sold, 0) as units_sold,
        coalesce(sales.units_returned, 0) as units_returned,
        coalesce(sales.units_sold_in_promotion, 0) as units_sold_in_promotion,
        sales.currency,
        sales.net_revenue,
        stock.out_of_stock_share,
        stock.stock_value,
        coalesce(arrivals.deliveries_received, 0) as deliveries_received,
        coalesce(arrivals.deliveries_late, 0) as deliveries_late,
        coalesce(arrivals.short_units, 0) as short_units,
        case
            when 'simulated' in (sales.data_origin, stock.data_origin, arrivals.data_origin, trending.data_origin, cards.data_origin)
                then 'simulated'
            else 'real'
        end as data_origin

    from weeks

    left join sales
        on weeks.week_start = sales.week_start and weeks.category = sales.category

    left join stock
        on weeks.week_start = stock.week_start and weeks.category = stock.category

    left join arrivals
        on weeks.week_start = arrivals.week_start and weeks.category = arrivals.category

    left join trending
        on weeks.week_start = trending.week_start and weeks.category = trending.category

    left join cards
        on weeks.week_start = cards.week_start and weeks.category = cards.category

)

select * from final
