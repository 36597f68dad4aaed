-- The tables of AdventureWorks that the worked example reads, in the order of the columns of its CSV files.
create schema production;
create schema purchasing;

create table production.product (
    productid int primary key, name text, productnumber text, makeflag boolean, finishedgoodsflag boolean, color text,
    safetystocklevel smallint, reorderpoint smallint, standardcost numeric, listprice numeric, size text, sizeunitmeasurecode char(3),
    weightunitmeasurecode char(3), weight numeric(8, 2), daystomanufacture int, productline char(2), class char(2), style char(2),
    productsubcategoryid int, productmodelid int, sellstartdate timestamp, sellenddate timestamp, discontinueddate timestamp,
    rowguid uuid, modifieddate timestamp
);
create table production.productcategory (productcategoryid int primary key, name text, rowguid uuid, modifieddate timestamp);
create table production.productsubcategory (
    productsubcategoryid int primary key, productcategoryid int, name text, rowguid uuid, modifieddate timestamp
);
create table production.productdescription (productdescriptionid int primary key, description text, rowguid uuid, modifieddate timestamp);
create table production.productmodelproductdescriptionculture (
    productmodelid int, productdescriptionid int, cultureid char(6), modifieddate timestamp,
    primary key (productmodelid, productdescriptionid, cultureid)
);
create table production.productinventory (
    productid int, locationid smallint, shelf text, bin smallint, quantity smallint, rowguid uuid, modifieddate timestamp,
    primary key (productid, locationid)
);
create table purchasing.productvendor (
    productid int, businessentityid int, averageleadtime int, standardprice numeric, lastreceiptcost numeric, lastreceiptdate timestamp,
    minorderqty int, maxorderqty int, onorderqty int, unitmeasurecode char(3), modifieddate timestamp,
    primary key (productid, businessentityid)
);
create table purchasing.purchaseorderheader (
    purchaseorderid int primary key, revisionnumber smallint, status smallint, employeeid int, vendorid int, shipmethodid int,
    orderdate timestamp, shipdate timestamp, subtotal numeric, taxamt numeric, freight numeric, totaldue numeric, modifieddate timestamp
);
create table purchasing.purchaseorderdetail (
    purchaseorderid int, purchaseorderdetailid int primary key, duedate timestamp, orderqty smallint, productid int, unitprice numeric,
    linetotal numeric, receivedqty numeric(8, 2), rejectedqty numeric(8, 2), stockedqty numeric(9, 2), modifieddate timestamp
);
