-- Stock today = stock yesterday + received - sold + returned + adjusted, per product and place.
-- A warning: real inventories hold unrecorded losses and late bookings, the rows are worth a look, not a stop.
{{ config(severity="warn", meta={"dagster": {"ref": {"name": "stg_inventory"}}}) }}

with

movements as (

    {{ stock_movements() }}

)

select * from movements
where on_hand <> expected_on_hand
