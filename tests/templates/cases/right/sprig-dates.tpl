{{ sprig_dateInZone "2006-01-02 15:04" 1709212029 "UTC" }} {{ sprig_date_in_zone "Mon" 1709212029 "UTC" }} {{ sprig_htmlDateInZone 1709212029 "UTC" }}
