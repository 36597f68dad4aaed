with

source as (

    select * from {{ source('demand', 'sales_uplifts') }}

),

final as (

    select
        day,
        subject_kind,
        subject_id,
        region,
        range_id,
        label,
        category,
        product_ids,
        uplift,
        onset_on,
        units,
        expected_units,
        ratio,
        ratio_low,
        ratio_high,
        p_value,
        q_value,
        detectable_ratio,
        out_of_stock_share,
        promotion,
        data_origin

    from source

)

select * from final
