{{ config(**replaced_by_day()) }}

with

links as (

    select * from {{ ref('stg_product_trend_links') }}
    where {{ is_day_of_run('day') }}

),

final as (

    select distinct
        day,
        topic_id,
        category

    from links

    where linked and category is not null

)

select * from final
