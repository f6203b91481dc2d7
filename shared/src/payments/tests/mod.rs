mod moves;
mod report;
mod simulation;
