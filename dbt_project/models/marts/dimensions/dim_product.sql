with

products as (

    select * from {{ ref('stg_products') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

inventory as (

    select * from {{ ref('fct_inventory_daily') }}

),

deliveries as (

    select * from {{ ref('fct_deliveries') }}

),

newest_day as (

    select max(day) as day from products

),

catalogue as (

    select * from products
    qualify row_number() over (partition by product_id order by day desc) = 1

),

catalogue_days as (

    select
        product_id,
        min(day) as first_listed_on,
        max(day) as last_listed_on

    from products

    group by product_id

),

-- A product that was sold, stocked or ordered without ever being in the catalogue is one as well.
product_ids as (

    select product_id from catalogue
    union distinct
    select product_id from orders
    union distinct
    select product_id from inventory
    union distinct
    select product_id from deliveries

),

final as (

    select
        product_ids.product_id,
        catalogue.product_name,
        catalogue.product_name_fr,
        catalogue.brand,
        coalesce(catalogue.category, 'unknown') as category,
        catalogue.product_type,
        catalogue.colour,
        catalogue.supplier_id,
        catalogue.lead_time_days,
        catalogue.minimum_order_quantity,
        catalogue.unit_price,
        catalogue.unit_cost,
        catalogue_days.first_listed_on,
        catalogue_days.last_listed_on,
        coalesce(catalogue_days.last_listed_on = newest_day.day, false) as listed,
        catalogue.data_origin

    from product_ids

    left join catalogue
        on product_ids.product_id = catalogue.product_id

    left join catalogue_days
        on product_ids.product_id = catalogue_days.product_id

    cross join newest_day

)

select * from final
