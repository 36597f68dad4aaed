-- Is anything lost? What became of the records of each landing file: the outcomes add up to the records that came in. Worst files first.
with

counts as (

    select
        landing_file,
        source,
        outcome,
        records,
        case when outcome = 'quarantined' then detail end as quarantine_reason

    from social.landing_counts

)

select
    landing_file,
    min(source) as source,
    sum(records) as records_in,
    sum(case when outcome = 'post' then records else 0 end) as posts,
    sum(case when outcome = 'repost' then records else 0 end) as reposts,
    sum(case when outcome = 'duplicate' then records else 0 end) as duplicates,
    sum(case when outcome = 'deletion' then records else 0 end) as deletions,
    sum(case when outcome = 'quarantined' then records else 0 end) as quarantined,
    sum(case when outcome = 'ignored' then records else 0 end) as ignored,
    string_agg(distinct quarantine_reason, ', ' order by quarantine_reason) as quarantine_reasons

from counts

group by landing_file

order by quarantined desc, records_in desc, landing_file

limit 20
