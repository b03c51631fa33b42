//! The credentials that stand in a Nomad job.

use strongroom_hcl::{BodyView, Mismatch};
use strongroom_sdk::SecretString;

/// A task's variables whose values stand in the job itself.
#[derive(Debug)]
pub(super) struct Task {
    /// `JOB/GROUP/TASK`.
    pub(super) path: String,
    pub(super) variables: Vec<(String, SecretString)>,
}

/// The tasks of a job file. Values that Nomad computes are left out.
pub(super) fn tasks(text: &str) -> Result<Vec<Task>, strongroom_hcl::Error> {
    let body = strongroom_hcl::parse(text)?;
    let located = |mismatch: Mismatch| mismatch.locate(text);
    let mut tasks = Vec::new();
    for job in body.view().blocks("job", 1).map_err(located)? {
        for group in job.body.blocks("group", 1).map_err(located)? {
            for task in group.body.blocks("task", 1).map_err(located)? {
                let path = format!("{}/{}/{}", job.label(0), group.label(0), task.label(0));
                tasks.push(Task { path, variables: variables(task.body).map_err(located)? });
            }
        }
    }
    Ok(tasks)
}

fn variables(task: BodyView<'_>) -> Result<Vec<(String, SecretString)>, Mismatch> {
    let mut variables = Vec::new();
    for env in task.blocks("env", 0)? {
        let literal = env.body.attrs().filter_map(|(key, value)| Some((key.name, value.as_text().ok()?)));
        variables.extend(literal.map(|(name, value)| (name.to_owned(), SecretString::new(value))));
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_variables_are_taken_and_computed_ones_left() {
        let text = "job \"j\" {\n  group \"g\" {\n    task \"t\" {\n      env {\n        A = \"x\"\n        B = 5\n        C = \"${NOMAD_IP_x}\"\n      }\n    }\n    task \"bare\" {}\n  }\n}\n";
        let tasks = tasks(text).unwrap();
        let paths: Vec<&str> = tasks.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(paths, ["j/g/t", "j/g/bare"]);
        let names: Vec<&str> = tasks[0].variables.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["A", "B"]);
        assert_eq!(tasks[0].variables[1].1.expose(), "5");
        assert!(super::tasks("job {").is_err());
    }
}
