impl Close for Note {
    #[audit_action(before = self.clone(), after = &*self, strict)]
    fn close(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
