mod card_number;
mod moves;
mod report;
mod simulation;
