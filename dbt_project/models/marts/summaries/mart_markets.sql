with

trend_markets as (

    select * from {{ ref('stg_trend_markets') }}

),

trend_days as (

    select * from {{ ref('fct_trend_daily') }}

),

links as (

    select * from {{ ref('stg_product_trend_links') }}

),

sales as (

    select * from {{ ref('int_sales_by_market') }}

),

stores as (

    select * from {{ ref('stg_stores') }}

),

days as (

    select distinct day from trend_markets

),

days_of_stores as (

    select distinct day from stores

),

-- Topics of a day of which not every cell is told: some are counted together, or the topic was there and is not counted at all.
untold as (

    select
        day,
        topic_id
    from trend_markets
    where region = 'withheld' or language = 'withheld'

    union distinct

    select
        trend_days.day,
        trend_days.topic_id

    from trend_days

    left join trend_markets
        on
            trend_days.day = trend_markets.day
            and trend_days.topic_id = trend_markets.topic_id

    where trend_markets.topic_id is null

),

-- The list of places that held on the day: the newest up to it; before the first list, the first.
lists_of_stores as (

    select
        days.day,
        coalesce(max(case when days_of_stores.day <= days.day then days_of_stores.day end), min(days_of_stores.day)) as listed_on

    from days

    cross join days_of_stores

    group by days.day

),

-- A place is in its region and in its country: posts name the one or the other.
places_of_markets as (

    select
        day,
        store_id,
        region as market
    from stores
    where region is not null

    union distinct

    select
        day,
        store_id,
        country as market
    from stores
    where country is not null

),

places as (

    select
        lists_of_stores.day,
        places_of_markets.market,
        count(*) as places

    from lists_of_stores

    inner join places_of_markets
        on lists_of_stores.listed_on = places_of_markets.day

    group by lists_of_stores.day, places_of_markets.market

),

sold as (

    select
        links.day,
        links.topic_id,
        sales.market,
        count(distinct sales.product_id) as products_sold,
        cast(sum(sales.units) as bigint) as units_sold_14d

    from links

    inner join sales
        on
            links.product_id = sales.product_id
            and sales.day between {{ days_later('links.day', -13) }} and links.day

    where
        links.linked
        and sales.units > 0

    group by links.day, links.topic_id, sales.market

),

measured as (

    select
        trend_markets.day,
        trend_markets.topic_id,
        trend_days.label,
        trend_days.stage,
        trend_markets.region,
        trend_markets.language,
        trend_markets.posts,
        trend_markets.authors,
        trend_markets.posts / cast(sum(trend_markets.posts) over (partition by trend_markets.day, trend_markets.topic_id) as {{ double_type() }})
            as topic_share,
        -- A cell that is not told may hold any number of posts of few authors, and what is withheld is of other regions each day.
        case
            when days_known.day is null or trend_markets.region = 'withheld' or trend_markets.language = 'withheld' then null
            when days_before.topic_id is null and untold.topic_id is not null then null
            else (trend_markets.posts + 1.0) / (coalesce(days_before.posts, 0) + 1.0)
        end as growth_24h,
        trend_days.linked_products,
        coalesce(places.places, 0) as places,
        coalesce(sold.products_sold, 0) as products_sold,
        coalesce(sold.units_sold_14d, 0) as units_sold_14d

    from trend_markets

    inner join trend_days
        on
            trend_markets.day = trend_days.day
            and trend_markets.topic_id = trend_days.topic_id

    left join days as days_known
        on {{ days_later('trend_markets.day', -1) }} = days_known.day

    left join trend_markets as days_before
        on
            {{ days_later('trend_markets.day', -1) }} = days_before.day
            and trend_markets.topic_id = days_before.topic_id
            and trend_markets.region = days_before.region
            and trend_markets.language = days_before.language

    left join untold
        on
            {{ days_later('trend_markets.day', -1) }} = untold.day
            and trend_markets.topic_id = untold.topic_id

    left join places
        on
            trend_markets.day = places.day
            and trend_markets.region = places.market

    left join sold
        on
            trend_markets.day = sold.day
            and trend_markets.topic_id = sold.topic_id
            and trend_markets.region = sold.market

    where not trend_days.suppressed

),

final as (

    select
        day,
        topic_id,
        label,
        stage,
        region,
        language,
        posts,
        authors,
        topic_share,
        growth_24h,
        linked_products,
        places,
        products_sold,
        units_sold_14d,
        case
            when region in ('unknown', 'withheld') then 'unknown'
            when linked_products = 0 then 'no_product'
            when units_sold_14d > 0 then 'sold'
            when places > 0 then 'not_sold'
            else 'no_place'
        end as presence,
        coalesce(growth_24h > 1.0, false)
        and region not in ('unknown', 'withheld')
        and (linked_products = 0 or units_sold_14d <= 0) as grows_unserved

    from measured

)

select * from final
