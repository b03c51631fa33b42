//! Passwords among the properties of a JDBC address (`jdbc:sqlserver://host:1433;user=sa;password=x`).
//!
//! It looks like a URL, and is none behind the first `;` or `:user=`: what stands there the driver takes as it stands. A `%40`
//! is no `@`, and a function that writes one would make another password of the next value.

/// Whether what follows is such a property.
pub(crate) fn is_property(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || "\"'<>".contains(c)).next().unwrap_or("");
    let Some((_, address)) = word.rsplit_once("jdbc:") else { return false };
    let properties = address.rsplit_once("://").map_or("", |(_, rest)| rest);
    !properties.contains('?') && (properties.contains(';') || properties.contains(":user="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_told_from_the_parts_of_a_url() {
        for it in [
            "db.url=jdbc:sqlserver://h:1433;databaseName=r;password=",
            "  \"jdbc:jtds:sqlserver://h/r;password=",
            "jdbc:db2://h:50000/DB:user=r;password=",
        ] {
            assert!(is_property(it), "{it}");
        }
        for it in [
            "jdbc:postgresql://h/d?user=a&password=",
            "jdbc:mysql://u:",
            "https://h/;a=b;token=",
            "jdbc:sqlserver://h;x=y and https://u:",
            "password=",
        ] {
            assert!(!is_property(it), "{it}");
        }
    }
}
