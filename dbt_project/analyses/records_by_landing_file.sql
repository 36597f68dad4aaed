-- Is anything lost? What became of the records of each landing file: the outcomes add up to the records that came in. Worst files first.
select
    landing_file,
    min(source) as source,
    sum(records) as records_in,
    coalesce(sum(records) filter (where outcome = 'post'), 0) as posts,
    coalesce(sum(records) filter (where outcome = 'repost'), 0) as reposts,
    coalesce(sum(records) filter (where outcome = 'duplicate'), 0) as duplicates,
    coalesce(sum(records) filter (where outcome = 'deletion'), 0) as deletions,
    coalesce(sum(records) filter (where outcome = 'quarantined'), 0) as quarantined,
    coalesce(sum(records) filter (where outcome = 'ignored'), 0) as ignored,
    string_agg(distinct detail, ', ' order by detail) filter (where outcome = 'quarantined') as quarantine_reasons

from social.landing_counts

group by landing_file

order by quarantined desc, records_in desc, landing_file

limit 20
