with

source as (

    select * from {{ source('demand', 'lead_time_scores') }}

),

final as (

    select
        day,
        score_id,
        method,
        outcome,
        topic_id,
        label,
        range_id,
        category,
        product_ids,
        alerted_at,
        open_until,
        region,
        onset_on,
        detected_on,
        lead_days,
        units,
        expected_units,
        ratio,
        data_origin,
        reason

    from source

)

select * from final
